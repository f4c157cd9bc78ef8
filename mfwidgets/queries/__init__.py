"""Facts about runs and tasks, read in bulk from records. Does not depend on the classes of the Client API."""
