"""HOW a declaration becomes bytes, a plan, JSON Schema: nothing here knows any particular event."""
