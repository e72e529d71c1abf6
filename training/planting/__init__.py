"""Clean tiles and planted lettering: what the screening network learns from."""
