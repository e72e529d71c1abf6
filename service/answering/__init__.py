"""What is said of tiles, and the forms it is said in."""
