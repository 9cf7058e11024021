package io.pantala.proxy.history;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pantala.manifest.RepositoryName;
import io.pantala.swarm.download.SwarmListener.Cause;
import io.pantala.swarm.download.SwarmListener.Source;
import io.pantala.swarm.download.SwarmListener.Trouble;
import io.pantala.transport.NodeAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What has happened to one blob. Guarded by the history that it is of. */
final class Story {
    private static final int MOST_NOTES = 64;
    private static final int MOST_REPOSITORIES = 16;
    private static final int MOST_TRIES = 16;

    private final InstantSource clock;
    private final Set<RepositoryName> repositories = new LinkedHashSet<>();
    private final SortedMap<Integer, Block> blocks = new TreeMap<>();
    private final List<Note> notes = new ArrayList<>();
    private @Nullable Instant began;
    private @Nullable Instant sealed;
    private long fromRegistry;
    private long passed;

    /** Why seeds did not give all of it, in words. */
    private @Nullable String withoutSeed;

    private record Note(Instant at, String text) {}

    /**
     * A try that brought nothing, or not soon.
     *
     * @param trouble null: it was late
     */
    private record Try(
            Source source, NodeAddress from, @Nullable Trouble trouble) {}

    private static final class Block {
        private List<Try> tries = List.of();
        private @Nullable Received received;
    }

    /**
     * A block that has come.
     *
     * @param source null: its registry
     * @param from null: its registry
     */
    private record Received(
            @Nullable Source source, @Nullable NodeAddress from, int bytes, Instant at, int millis, String why) {}

    Story(InstantSource clock) {
        this.clock = clock;
    }

    int blocks() {
        return blocks.size();
    }

    boolean isOf(RepositoryName repository) {
        return repositories.contains(repository);
    }

    void asked(RepositoryName repository) {
        if (repositories.size() < MOST_REPOSITORIES) {
            repositories.add(repository);
        }
    }

    /** One that was whole is fetched anew; else it goes on. */
    void began(String how) {
        if (sealed != null) {
            blocks.clear();
            notes.clear();
            fromRegistry = 0;
            passed = 0;
            withoutSeed = null;
            sealed = null;
            began = null;
        }
        if (began == null) {
            began = clock.instant();
        }
        note(how);
    }

    void received(int index, Source source, NodeAddress from, long bytes, Duration took, Cause cause) {
        received(index, source, from, bytes, took, words(cause));
    }

    void received(int index, long bytes, Duration took, String why) {
        received(index, null, null, bytes, took, withoutSeed == null ? why : withoutSeed);
    }

    private void received(
            int index, @Nullable Source source, @Nullable NodeAddress from, long bytes, Duration took, String why) {
        block(index).received = new Received(
                source, from, Math.toIntExact(bytes), clock.instant(), Math.toIntExact(took.toMillis()), why);
    }

    void refused(int index, Source source, NodeAddress from, Trouble trouble) {
        tried(index, new Try(source, from, trouble));
    }

    void late(int index, Source source, NodeAddress from) {
        tried(index, new Try(source, from, null));
    }

    private void tried(int index, Try attempt) {
        Block block = block(index);
        if (block.tries.size() < MOST_TRIES) {
            List<Try> tries = new ArrayList<>(block.tries);
            tries.add(attempt);
            block.tries = tries;
        }
    }

    void withoutSeed(String why) {
        withoutSeed = why;
        note(why);
    }

    private Block block(int index) {
        return blocks.computeIfAbsent(index, _ -> new Block());
    }

    void fetched(long bytes) {
        fromRegistry += bytes;
    }

    void passed(long bytes, String why) {
        passed += bytes;
        note(bytes + " bytes went straight from the registry to an engine: " + why);
    }

    void note(String words) {
        if (notes.size() < MOST_NOTES) {
            notes.add(new Note(clock.instant(), words));
        }
    }

    void sealed() {
        sealed = clock.instant();
    }

    void writeTo(ObjectNode blob) {
        ArrayNode names = blob.putArray("repositories");
        repositories.forEach(repository -> names.add(repository.toString()));
        if (began != null) {
            blob.put("began", began.toString());
        }
        if (sealed != null) {
            blob.put("complete", sealed.toString());
        }
        blob.putObject("bytes")
                .put("peer", from(Source.PEER))
                .put("seed", from(Source.SEED))
                .put("registry", fromRegistry)
                .put("passedThrough", passed);
        ArrayNode all = blob.putArray("blocks");
        blocks.forEach((index, block) -> write(all.addObject().put("block", index), block));
        ArrayNode said = blob.putArray("notes");
        notes.forEach(note -> said.addObject().put("at", note.at.toString()).put("text", note.text));
    }

    private long from(Source source) {
        return blocks.values().stream()
                .filter(block -> block.received != null && block.received.source == source)
                .mapToLong(block -> block.received.bytes)
                .sum();
    }

    private static void write(ObjectNode node, Block block) {
        Received received = block.received;
        if (received != null) {
            node.put("source", received.source == null ? "registry" : word(received.source));
            if (received.from != null) {
                node.put("from", received.from.toString());
            }
            node.put("bytes", received.bytes)
                    .put("at", received.at.toString())
                    .put("ms", received.millis)
                    .put("why", received.why);
        }
        if (!block.tries.isEmpty()) {
            ArrayNode retries = node.putArray("retries");
            block.tries.forEach(attempt -> retries.addObject()
                    .put("source", word(attempt.source))
                    .put("from", attempt.from.toString())
                    .put("why", attempt.trouble == null ? late(attempt, received) : words(attempt.trouble)));
        }
    }

    private static String late(Try attempt, @Nullable Received received) {
        if (received == null || attempt.from.equals(received.from)) {
            return "was late";
        }
        return "was late: also fetched from " + (received.from == null ? "the registry" : received.from);
    }

    private static String word(Source source) {
        return source.name().toLowerCase(Locale.ROOT);
    }

    private static String words(Cause cause) {
        return switch (cause) {
            case ORDERED -> "as its seed ordered";
            case FIRST -> "as its seed ordered: no host had it to pass on";
            case HOSTS_BUSY -> "as its seed ordered: those that had it, or were about to, were as busy";
            case HOSTS_AVOIDED -> "as its seed ordered: the hosts that had it had failed this one or were late";
            case HOSTS_AWAY -> "as its seed ordered: no host of this zone had it";
            case REPEATED -> "as its seed ordered, though hosts had it";
            case FORGOTTEN -> "its seed gave no order for long";
            case SEED_LOST -> "no link to its seed, and this host was known to have it";
        };
    }

    private static String words(Trouble trouble) {
        return switch (trouble) {
            case CORRUPT -> "sent wrong bytes";
            case NOT_HELD -> "does not have it";
            case REFUSED -> "refused it";
            case TIMED_OUT -> "stood still";
            case BROKEN -> "was not reached, or cut it short";
            case DISK -> "could not be written here";
        };
    }
}
