"""Groups of raters in a study: effects of demographics on all its dimensions."""
