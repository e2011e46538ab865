"""The commands of ``minutier``, by what they are for."""
