"""Values that the whole house speaks: devices, element types, math modes, targets, units."""
