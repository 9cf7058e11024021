package io.pantala.proxy.setup;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Points one engine of a system at its proxy, and takes that back. What is to be changed is known, and checked, before
 * the first file is: so a {@link SetupException} leaves all of them as they were, but for one that can't be written.
 */
public final class Setup {
    private final FileTree tree;
    private final String directory;
    private final Engine engine;

    /**
     * A change to a file.
     *
     * @param before empty if there is none
     * @param after empty if there will be none
     */
    public record Change(String path, Optional<String> before, Optional<String> after) {}

    /**
     * What has been done, or would be.
     *
     * @param changes none: everything is as it should be
     * @param steps what is left to the user, a line each
     */
    public record Outcome(List<Change> changes, List<String> steps) {
        public Outcome {
            changes = List.copyOf(changes);
            steps = List.copyOf(steps);
        }
    }

    /**
     * @param root where the system's {@code /} is
     * @param state where what was changed is remembered, a path in that system
     */
    public Setup(Path root, Path state, Engine engine) {
        this.tree = new FileTree(root);
        this.directory = state + "/setup/" + engine.title();
        this.engine = engine;
    }

    /**
     * Sets it up, in the place of what was set up before.
     *
     * @param dryRun changes nothing, and tells what would be
     */
    public Outcome apply(Mode mode, Target target, boolean dryRun) throws SetupException {
        Journal journal = Journal.read(tree, directory);
        Map<String, Optional<String>> originals = originals(journal);
        Draft draft = new Draft(tree, originals);
        switch (engine) {
            case DOCKER -> DockerSetup.draft(draft, mode, target);
            case CONTAINERD -> ContainerdSetup.draft(draft, mode, target);
            case PODMAN, CRIO -> ContainersSetup.draft(draft, engine, mode, target);
            case BUILDKIT -> BuildkitSetup.draft(draft, mode, target);
        }
        Map<String, Optional<String>> wanted = new LinkedHashMap<>(originals);
        draft.wanted().forEach((path, file) -> wanted.put(path, Optional.of(file.text())));
        List<Change> changes = changes(wanted);
        if (!changes.isEmpty() && !dryRun) {
            undo(journal);
            List<Journal.Entry> entries = new ArrayList<>();
            draft.wanted()
                    .forEach((path, file) -> entries.add(
                            new Journal.Entry(path, file.original(), Journal.digest(file.text()), file.inserted())));
            Journal.of(tree, directory, entries).write();
            for (Map.Entry<String, Draft.Wanted> file : draft.wanted().entrySet()) {
                tree.write(file.getKey(), file.getValue().text());
            }
        }
        List<String> steps = restarts(changes);
        steps.addAll(draft.steps());
        return new Outcome(changes, steps);
    }

    /** Takes back what was set up: each file is then what it was, byte for byte, but for what others have changed since. */
    public Outcome undo(boolean dryRun) throws SetupException {
        Journal journal = Journal.read(tree, directory);
        List<Change> changes = changes(originals(journal));
        if (!dryRun) {
            undo(journal);
        }
        return new Outcome(changes, restarts(changes));
    }

    private List<String> restarts(List<Change> changes) {
        return new ArrayList<>(
                Restarts.after(engine, changes.stream().map(Change::path).toList()));
    }

    /** The files that were changed for it; none if it was not set up. */
    public List<String> files() throws SetupException {
        return Journal.read(tree, directory).entries().stream()
                .map(Journal.Entry::path)
                .toList();
    }

    /** Those of them that someone has changed since. */
    public List<String> changedSince() throws SetupException {
        List<String> changed = new ArrayList<>();
        for (Journal.Entry entry : Journal.read(tree, directory).entries()) {
            if (!tree.read(entry.path()).map(Journal::digest).equals(Optional.of(entry.written()))) {
                changed.add(entry.path());
            }
        }
        return changed;
    }

    /** Whether it was made to trust an authority, and not this one. */
    public boolean trustsAnother(String certificate) throws SetupException {
        for (String file : files()) {
            if (file.endsWith(".crt") && !tree.read(file).equals(Optional.of(certificate))) {
                return true;
            }
        }
        return false;
    }

    private void undo(Journal journal) throws SetupException {
        for (Change change : changes(originals(journal))) {
            if (change.after().isPresent()) {
                tree.write(change.path(), change.after().get());
            } else {
                tree.delete(change.path());
            }
        }
        for (String made : journal.made().reversed()) {
            tree.deleteIfEmpty(made);
        }
        journal.delete();
    }

    private static Map<String, Optional<String>> originals(Journal journal) throws SetupException {
        Map<String, Optional<String>> originals = new LinkedHashMap<>();
        for (Journal.Entry entry : journal.entries()) {
            originals.put(entry.path(), journal.original(entry));
        }
        return originals;
    }

    private List<Change> changes(Map<String, Optional<String>> wanted) throws SetupException {
        List<Change> changes = new ArrayList<>();
        for (Map.Entry<String, Optional<String>> file : wanted.entrySet()) {
            Optional<String> now = tree.read(file.getKey());
            if (!Objects.equals(now, file.getValue())) {
                changes.add(new Change(file.getKey(), now, file.getValue()));
            }
        }
        return changes;
    }
}
