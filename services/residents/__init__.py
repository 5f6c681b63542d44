"""Projects, units and the people tied to them (handbook §1 and §2)."""
