"""Fine-tunes of language models on feedback; reads studies, is never imported by the core."""
