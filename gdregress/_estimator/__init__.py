"""Before and after the loop: input, components, plan; attributes, warnings, callbacks."""
