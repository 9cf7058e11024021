package io.pantala.proxy.notes;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notes of one host that seeds are told of, so that other hosts know them too: what is not known here is asked of the
 * seeds, for a second at most. Telling happens behind whoever tells, and is lost where no seed can be reached.
 */
public final class SharedNotes implements Notes, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedNotes.class);
    private static final int MOST_WAITING = 2_000;
    private static final int MOST_REMEMBERED = 10_000;
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    /** How long an answer of the seeds is one. */
    private static final Duration ANSWERED = Duration.ofSeconds(5);

    private final Notes own;
    private final Supplier<List<NodeAddress>> seeds;
    private final SeedNotes link;
    private final BlockingQueue<Telling> waiting = new LinkedBlockingQueue<>(MOST_WAITING);
    private final Function<String, Optional<String>> naming;
    private final Cache<String, byte[]> told;
    private final Cache<String, Optional<byte[]>> answered = Caffeine.newBuilder()
            .maximumSize(MOST_REMEMBERED)
            .expireAfterWrite(ANSWERED)
            .executor(Runnable::run)
            .build();
    private final Thread teller;

    private record Telling(String name, NotesMessage.Told note) {}

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
        this.own = own;
        this.seeds = seeds;
        this.link = link;
        this.naming = naming;
        this.told = Caffeine.newBuilder()
                .maximumSize(MOST_REMEMBERED)
                .expireAfterWrite(again)
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
            byte[] last = told.getIfPresent(hash);
            if (fact.length <= LONGEST && (last == null || !Arrays.equals(last, fact))) {
                told.put(hash, fact.clone());
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

    private void tell(Telling telling) {
        if (!waiting.offer(telling)) {
            told.invalidate(telling.name);
        }
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
                tell(new NotesMessage(batch, List.of()));
            }
        } catch (InterruptedException e) {
            // Closed.
        }
    }

    private void tell(NotesMessage message) {
        byte[] bytes = message.write();
        for (NodeAddress seed : seeds.get()) {
            try {
                var _ = link.exchange(seed, bytes);
            } catch (IOException | RuntimeException e) {
                message.told().keySet().forEach(told::invalidate);
                LOG.debug("seed {} was not told", seed, e);
            }
        }
    }

    @Override
    public void close() {
        teller.interrupt();
    }
}
