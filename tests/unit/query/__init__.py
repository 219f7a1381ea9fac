"""SQL over recordings."""
