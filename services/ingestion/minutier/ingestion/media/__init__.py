"""How media is fetched, checked and decoded."""
