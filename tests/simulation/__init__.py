"""The real machinery in a world of drawn faults, one seed a run."""
