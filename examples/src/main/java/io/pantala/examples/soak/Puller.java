package io.pantala.examples.soak;

import io.pantala.examples.rig.Blob;
import io.pantala.examples.rig.EngineConnection;
import io.pantala.examples.rig.EngineConnection.Head;
import io.pantala.examples.rig.Site;
import io.pantala.examples.soak.Tally.Event;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/**
 * An engine that pulls one thing after the other by chance: blobs, ranges of them, or some of one before it leaves. What
 * ends early it resumes where it ended, as engines do, and compares each byte with the registry's.
 */
final class Puller {
    /** As long as Jib waits, the least patient of engines. */
    private static final Duration IDLE = Duration.ofSeconds(20);

    private static final Duration BEFORE_NEXT_TRY = Duration.ofMillis(300);
    private static final String BLOB_TYPE = "application/octet-stream";

    private final Site site;
    private final InetSocketAddress proxy;
    private final String query;
    private final Predicate<Blob> spoilt;
    private final Tally tally;
    private final Duration patience;

    /**
     * An engine on a host.
     *
     * @param upstream by which the proxy knows the registry
     * @param spoilt whether the registry has sent wrong bytes of a blob, ever
     * @param patience until a pull that isn't whole counts as lost
     */
    Puller(
            Site site,
            InetSocketAddress proxy,
            String upstream,
            Predicate<Blob> spoilt,
            Tally tally,
            Duration patience) {
        this.site = site;
        this.proxy = proxy;
        this.query = "?ns=" + upstream;
        this.spoilt = spoilt;
        this.tally = tally;
        this.patience = patience;
    }

    /**
     * What is to be pulled.
     *
     * @param from the first byte
     * @param to after the last byte
     * @param until where the engine leaves; {@code to} when it stays
     */
    record Wish(Blob blob, long from, long to, long until) {
        /** One by chance; which blob was chosen before. */
        static Wish draw(Blob blob, SplittableRandom random) {
            double kind = random.nextDouble();
            double one = random.nextDouble();
            double other = random.nextDouble();
            long size = blob.size();
            if (kind < 0.6) {
                return new Wish(blob, 0, size, size);
            }
            if (kind < 0.8) {
                return new Wish(blob, 0, size, (long) (one * size));
            }
            long from = (long) (Math.min(one, other) * size);
            return new Wish(blob, from, Math.max(from + 1, (long) (Math.max(one, other) * size)), size);
        }

        private boolean isWhole() {
            return from == 0 && to == blob.size();
        }

        private boolean stays() {
            return until >= to;
        }

        private Event done() {
            return !stays() ? Event.LEFT : isWhole() ? Event.WHOLE : Event.RANGE;
        }
    }

    /** How an answer ended. */
    private enum End {
        /** With the last byte that was wanted. */
        REACHED,
        /** Before it. */
        EARLY,
        /** Early, or within a range, with bytes that the registry has spoilt. */
        SPOILT,
        /** So that the pull can't be saved. */
        FAILED
    }

    /** Pulls one thing. */
    void pull(Wish wish) throws IOException, InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        try (FileChannel content = FileChannel.open(wish.blob().file())) {
            Attempt attempt = new Attempt(wish, content);
            while (true) {
                switch (attempt.next()) {
                    case REACHED -> {
                        tally.add(wish.done());
                        return;
                    }
                    case SPOILT -> {
                        tally.add(Event.BEGUN_ANEW);
                        attempt = new Attempt(wish, content);
                    }
                    case FAILED -> {
                        return;
                    }
                    case EARLY -> {
                        // goes on from there
                    }
                }
                if (System.nanoTime() > end) {
                    tally.fail(
                            Event.LOST,
                            attempt.what() + " was not whole after " + patience.toSeconds() + " s, last: "
                                    + attempt.trouble);
                    return;
                }
                Thread.sleep(BEFORE_NEXT_TRY);
            }
        }
    }

    /** One way from the first byte that is wanted towards the last, by as many answers as it takes. */
    private final class Attempt {
        private final Wish wish;
        private final FileChannel content;
        private final ByteBuffer expected = ByteBuffer.allocateDirect(64 << 10);
        private long at;
        private boolean wrong;
        private String trouble = "";

        Attempt(Wish wish, FileChannel content) {
            this.wish = wish;
            this.content = content;
            this.at = wish.from();
        }

        String what() {
            return site + ": bytes " + at + " to " + wish.to() + " of " + wish.blob();
        }

        /** Asks for what is still to come. */
        End next() throws InterruptedException {
            try (EngineConnection connection = EngineConnection.open(site, proxy, IDLE)) {
                Map<String, String> headers = new LinkedHashMap<>(Map.of("Accept", BLOB_TYPE));
                boolean whole = at == 0 && wish.isWhole();
                if (!whole) {
                    headers.put("Range", "bytes=" + at + "-" + (wish.to() - 1));
                }
                Head head = connection.get(
                        "/v2/" + Catalogue.REPOSITORY + "/blobs/" + wish.blob().digest() + query, headers);
                if (head.status() >= 500 || head.status() == 429) {
                    trouble = "answered with " + head.status();
                    tally.add(Event.ASKED_AGAIN);
                    return End.EARLY;
                }
                return answered(head, whole) ? read(connection, whole) : End.FAILED;
            } catch (IOException e) {
                trouble = String.valueOf(e.getMessage());
                tally.add(
                        e.getCause() instanceof AsynchronousCloseException
                                ? Event.SILENCE
                                : at > wish.from() ? Event.RESUMED : Event.ASKED_AGAIN);
                return wrong ? End.SPOILT : End.EARLY;
            }
        }

        private boolean answered(Head head, boolean whole) {
            String range = head.header("content-range").orElse("none");
            String right =
                    "bytes " + at + "-" + (wish.to() - 1) + "/" + wish.blob().size();
            if (whole ? head.status() == 200 : head.status() == 206 && range.equals(right)) {
                if (head.length() == wish.to() - at) {
                    return true;
                }
            }
            tally.fail(
                    Event.LOST,
                    what() + " was answered with " + head.status() + ", " + head.length() + " bytes, range " + range);
            return false;
        }

        private End read(EngineConnection connection, boolean whole) throws IOException {
            for (ByteBuffer bytes = connection.next(); bytes != null; bytes = connection.next()) {
                tally.received(bytes.remaining());
                if (!wrong && !compare(bytes)) {
                    if (!spoilt.test(wish.blob())) {
                        tally.fail(Event.WRONG, what() + " is wrong from here on");
                        return End.FAILED;
                    }
                    wrong = true;
                }
                if (wrong && !whole) {
                    // What part of a blob is right, nobody but the registry can know.
                    return End.SPOILT;
                }
                if (at >= wish.until() && !wish.stays()) {
                    return wrong ? End.SPOILT : End.REACHED;
                }
            }
            if (wrong) {
                tally.fail(Event.WRONG, what() + " is wrong from here on, as the registry sent it, and came whole");
                return End.FAILED;
            }
            return End.REACHED;
        }

        /** Moves on by these bytes; false where one is not the blob's. */
        private boolean compare(ByteBuffer bytes) throws IOException {
            while (bytes.hasRemaining()) {
                expected.clear().limit(Math.min(expected.capacity(), bytes.remaining()));
                if (content.read(expected, at) < 0) {
                    throw new IllegalStateException("the registry's own copy is short");
                }
                expected.flip();
                ByteBuffer next = bytes.slice(bytes.position(), expected.remaining());
                if (!next.equals(expected)) {
                    return false;
                }
                at += next.remaining();
                bytes.position(bytes.position() + next.remaining());
            }
            return true;
        }
    }
}
