"""HOW a declaration becomes bytes, a decoder, JSON Schema: nothing here knows any particular event."""
