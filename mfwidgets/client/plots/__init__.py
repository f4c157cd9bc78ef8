"""Charts over many runs or tasks: accessors that collect the values, and the charts that show themselves."""
