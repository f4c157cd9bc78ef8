"""The members of a run that return collections: of its steps, tasks, artifacts and metadata events."""

from mfwidgets.client.collections.metadata_events import MetadataEvents
from mfwidgets.client.collections.tasks import Artifacts, RelatedTasks, Tasks, critical_path, named_artifacts
from mfwidgets.client.step import Steps
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.artifact_rows import artifact_rows
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.values.value_columns import check_name


class RunCollections:
    """The collections of a run."""

    _context: ClientContext
    _record: RunRecord
    pathspec: str

    def steps(self, *tags: str) -> Steps:
        """Return the steps of the run, newest first, without private steps.

        Use ``run['_parameters']`` for the private step of the parameters. Reads nothing until the steps are used. They
        cost one bulk request.

        Parameters
        ----------
        *tags
            Tags that the run must have. If the run lacks one of them, the collection is empty.

        Returns
        -------
        Steps
            A lazy collection.

        Examples
        --------
        >>> [step.id for step in Flow("ForecastFlow").latest_run.steps()]
        ['end', 'compare', 'start', 'fit']
        """
        return Steps(self._context, self._record, tags)

    def tasks(self, *, limit: int | None = None) -> Tasks:
        """Return the tasks of all steps, newest first.

        Reads nothing until the tasks are used. They cost one bulk request.

        Parameters
        ----------
        limit
            The maximum number of tasks.

        Returns
        -------
        Tasks
            A lazy collection.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.tasks()[0]
        Task('HelloFlow/1795378926761243/end/2')
        >>> Flow("ForecastFlow").latest_run.tasks().to_pandas(artifacts=["error"])[["step", "artifact.error"]].tail(3)
               step  artifact.error
        12      fit         3.76606
        13  compare             NaN
        14      end             NaN
        """
        return Tasks(self._context, self._record, None, (), limit)

    def artifacts(self) -> Artifacts:
        """Return the public artifacts of all tasks, without their values.

        Returns
        -------
        Artifacts
            A lazy collection. Reads nothing until it is used. The artifacts cost one bulk request.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.artifacts().to_pandas()[["step", "name", "type", "size"]]
            step      name type  size
        0    end  greeting  str    22
        1    end   message  str    33
        2    end      name  str    24
        3  start  greeting  str    22
        4  start   message  str    33
        5  start      name  str    24
        """
        context, path = self._context, self._record.path
        return Artifacts(
            context,
            f"artifacts of {self.pathspec}",
            lambda: (
                record
                for record in context.provider.artifacts(path, public_only=True)
                if not record.step.startswith("_")
            ),
            lambda details: artifact_rows(context, path, details=details),
        )

    def find_artifacts(self, name: str) -> Artifacts:
        """Return the artifacts with this name, of all tasks, without their values.

        Parameters
        ----------
        name
            The name of the artifact.

        Returns
        -------
        Artifacts
            A lazy collection. Reads nothing until it is used. The artifacts cost one bulk request.

        Examples
        --------
        >>> [artifact.data for artifact in Flow("ForecastFlow").latest_run.find_artifacts("worst")]
        ['İzmir', 'İzmir']
        """
        names, context, path = {check_name(name)}, self._context, self._record.path
        title = f"artifacts {name!r} of {self.pathspec}"
        return named_artifacts(context, title, lambda: context.provider.artifacts(path, names))

    def metadata_events(self) -> MetadataEvents:
        """Return the metadata that Metaflow recorded about the tasks, of all attempts.

        Returns
        -------
        MetadataEvents
            A lazy collection, oldest first. Reads nothing until it is used. The events cost one bulk request.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.metadata_events().first()
        MetadataEvent('HelloFlow/1795378926761243/_parameters/0', metaflow_version='2.19.39')
        """
        return MetadataEvents(self._context, self._record)

    def critical_path(self) -> RelatedTasks:
        """Return the tasks that determine the duration of the run, oldest first.

        The path is found backwards: from the last task to the parent that ended last, from there to its parent that
        ended last, and so on. If the run did not reach its end, the search starts at the task that ended last.

        Returns
        -------
        RelatedTasks
            A lazy collection. Reads nothing until it is used. The tasks cost five bulk requests.

        Examples
        --------
        >>> [task.parent.id for task in Flow("ForecastFlow").latest_run.critical_path()]
        ['start', 'fit', 'compare', 'end']
        """
        return critical_path(self._context, self._record)
