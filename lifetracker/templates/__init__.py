"""The catalogue that challenges start from (`service`); what both promise: `promise`, `goal`, `schedule`, `fields`."""
