"""Documents for people: what sets them, and what others make of what is in them."""
