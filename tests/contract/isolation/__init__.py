"""Nobody sees, or learns of, what belongs to another project: generated from the specs of all installed services."""
