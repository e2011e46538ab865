"""Disposal records that prove themselves: what is signed, the log they form, and how both are checked."""
