"""Rosters 业主花名册: units and their people from a spreadsheet (handbook §2, contact list)."""
