"""How a declaration becomes bytes, a plan, JSON Schema; nothing here depends on a particular event."""
