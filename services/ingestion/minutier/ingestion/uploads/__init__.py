"""Recordings that are promised first and put later."""
