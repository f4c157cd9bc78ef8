"""Records of flows, runs, steps, tasks, artifacts and their metadata events, from wherever Metaflow keeps them."""
