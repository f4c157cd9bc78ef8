"""The Client API: ``Metaflow > Flow > Run > Step > Task > DataArtifact``, with Metaflow's names and attributes."""
