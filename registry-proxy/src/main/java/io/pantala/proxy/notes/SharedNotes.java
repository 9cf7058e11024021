package io.pantala.proxy.notes;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Gatherers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notes of one host that seeds are told of, so that other hosts know them too: what is not known here is asked of the
 * seeds, for a second at most. Telling happens behind whoever tells, and is lost where no seed can be reached, but for
 * what a seed is told anew when it is linked.
 */
public final class SharedNotes implements Notes, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedNotes.class);
    private static final int MOST_WAITING = 2_000;
    private static final int MOST_REMEMBERED = 10_000;
    private static final int MOST_TOLD_ANEW = 1_000;
    private static final Duration LONGEST_REMEMBERED = Duration.ofHours(1);
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    /** How long an answer of the seeds is one. */
    private static final Duration ANSWERED = Duration.ofSeconds(5);

    private final Notes own;
    private final Supplier<List<NodeAddress>> seeds;
    private final SeedNotes link;
    private final BlockingQueue<Telling> waiting = new LinkedBlockingQueue<>(MOST_WAITING);
    private final Function<String, Optional<String>> naming;
    private final Duration again;
    private final Ticker ticker;
    private final Cache<String, Known> told;
    private final Cache<String, Optional<byte[]>> answered = Caffeine.newBuilder()
            .maximumSize(MOST_REMEMBERED)
            .expireAfterWrite(ANSWERED)
            .executor(Runnable::run)
            .build();
    private final Thread teller;

    private record Telling(String name, NotesMessage.Told note) {}

    /**
     * What seeds were told.
     *
     * @param until when it is true no more
     * @param again when they are told the same once more
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Known(byte[] fact, long until, long again) {
        Known untold(long now) {
            return new Known(fact, until, now);
        }
    }

    /**
     * @param seeds where they are now
     * @param naming what seeds call the note of a name, in 64 hexadecimal digits; empty as long as they are not to know it
     * @param again after so long, seeds are told anew what stays true: they may have been started anew
     */
    public SharedNotes(
            Notes own,
            Supplier<List<NodeAddress>> seeds,
            SeedNotes link,
            Function<String, Optional<String>> naming,
            Duration again) {
        this(own, seeds, link, naming, again, Ticker.systemTicker());
    }

    /** With a clock of its own. */
    SharedNotes(
            Notes own,
            Supplier<List<NodeAddress>> seeds,
            SeedNotes link,
            Function<String, Optional<String>> naming,
            Duration again,
            Ticker ticker) {
        this.own = own;
        this.seeds = seeds;
        this.link = link;
        this.naming = naming;
        this.again = again;
        this.ticker = ticker;
        this.told = Caffeine.newBuilder()
                .maximumSize(MOST_REMEMBERED)
                .expireAfter(Expiry.<String, Known>writing((_, known) -> remembered(left(known))))
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
        this.teller = Thread.ofVirtual().name("notes").start(this::tellAll);
    }

    @Override
    public Optional<byte[]> find(String name) {
        return own.find(name).or(() -> naming.apply(name).flatMap(this::ask));
    }

    @Override
    public void put(String name, byte[] fact, Duration life) {
        own.put(name, fact, life);
        naming.apply(name).ifPresent(hash -> {
            long now = ticker.read();
            Known last = told.getIfPresent(hash);
            if (fact.length <= LONGEST && (last == null || last.again - now <= 0 || !Arrays.equals(last.fact, fact))) {
                told.put(hash, new Known(fact.clone(), now + life.toNanos(), now + again.toNanos()));
                tell(new Telling(hash, new NotesMessage.Told(fact.clone(), life)));
            }
        });
    }

    @Override
    public void remove(String name) {
        own.remove(name);
        naming.apply(name).ifPresent(hash -> {
            told.invalidate(hash);
            answered.put(hash, Optional.empty());
            tell(new Telling(hash, NotesMessage.Told.NO_MORE));
        });
    }

    /** Tells a seed that is newly linked what is still true, the latest first: it may have forgotten, or never known. */
    public void welcome(NodeAddress seed) {
        Thread.ofVirtual().name("notes-anew").start(() -> tellAnew(seed));
    }

    private void tellAnew(NodeAddress seed) {
        told.asMap().entrySet().stream()
                .sorted(Comparator.comparing(known -> left(known.getValue()), Comparator.reverseOrder()))
                .limit(MOST_TOLD_ANEW)
                .gather(Gatherers.windowFixed(NotesMessage.MOST))
                .takeWhile(batch -> tell(seed, anew(batch)))
                .forEach(_ -> {});
    }

    private NotesMessage anew(List<Map.Entry<String, Known>> batch) {
        Map<String, NotesMessage.Told> notes = new LinkedHashMap<>();
        batch.forEach(known ->
                notes.put(known.getKey(), new NotesMessage.Told(known.getValue().fact, left(known.getValue()))));
        return new NotesMessage(notes, List.of());
    }

    private Duration left(Known known) {
        return Duration.ofNanos(Math.max(0, known.until - ticker.read()));
    }

    private static Duration remembered(Duration left) {
        return left.compareTo(LONGEST_REMEMBERED) < 0 ? left : LONGEST_REMEMBERED;
    }

    private void tell(Telling telling) {
        if (!waiting.offer(telling)) {
            untold(telling.name);
        }
    }

    private void untold(String name) {
        told.asMap().computeIfPresent(name, (_, known) -> known.untold(ticker.read()));
    }

    private Optional<byte[]> ask(String hash) {
        Optional<byte[]> last = answered.getIfPresent(hash);
        if (last != null) {
            return last;
        }
        var asked = new CompletableFuture<Optional<byte[]>>();
        Thread asking = Thread.ofVirtual().name("notes-ask").start(() -> asked.complete(askSeeds(hash)));
        try {
            Optional<byte[]> found = asked.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            answered.put(hash, found);
            return found;
        } catch (TimeoutException | ExecutionException e) {
            answered.put(hash, Optional.empty());
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } finally {
            asking.interrupt();
        }
    }

    private Optional<byte[]> askSeeds(String hash) {
        byte[] question = new NotesMessage(Map.of(), List.of(hash)).write();
        for (NodeAddress seed : seeds.get()) {
            try {
                NotesMessage.Told found =
                        NotesMessage.read(link.exchange(seed, question)).told().get(hash);
                if (found != null) {
                    return Optional.of(found.fact());
                }
            } catch (IOException | RuntimeException e) {
                LOG.debug("seed {} was not asked", seed, e);
            }
        }
        return Optional.empty();
    }

    private void tellAll() {
        try {
            while (true) {
                Map<String, NotesMessage.Told> batch = new LinkedHashMap<>();
                for (Telling next = waiting.take();
                        next != null;
                        next = batch.size() < NotesMessage.MOST ? waiting.poll() : null) {
                    batch.put(next.name, next.note);
                }
                NotesMessage message = new NotesMessage(batch, List.of());
                seeds.get().forEach(seed -> tell(seed, message));
            }
        } catch (InterruptedException e) {
            // Closed.
        }
    }

    private boolean tell(NodeAddress seed, NotesMessage message) {
        try {
            var _ = link.exchange(seed, message.write());
            return true;
        } catch (IOException | RuntimeException e) {
            message.told().keySet().forEach(this::untold);
            LOG.debug("seed {} was not told", seed, e);
            return false;
        }
    }

    @Override
    public void close() {
        teller.interrupt();
    }
}
