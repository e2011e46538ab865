"""What meeting servers tell of who was there and who spoke when."""
