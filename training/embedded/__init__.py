"""A laboratory in miniature: a small bilingual world whose truth is known."""
