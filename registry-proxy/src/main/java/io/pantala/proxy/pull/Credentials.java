package io.pantala.proxy.pull;

import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.grant.Asker;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.CredentialSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The credentials of the engines that are asking for blobs right now, so that a long transfer goes on with a newer one
 * when its first expires. Kept in memory, and only while such a request runs; all of them were granted by the upstream.
 */
final class Credentials {
    private static final int MOST_PER_REPOSITORY = 16;

    private record Place(UpstreamName upstream, RepositoryName repository) {}

    private record Known(Authorization authorization, long age) {}

    /** The credentials for one repository, those shown last at the end. */
    private static final class Shelf {
        private final List<Known> known = new ArrayList<>();
        private int users;
    }

    private final Duration patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition added = lock.newCondition();
    private final Map<Place, Shelf> shelves = new HashMap<>();
    private long additions;

    /** @param patience how long a transfer whose credential was rejected may wait for an engine with a newer one */
    Credentials(Duration patience) {
        this.patience = patience;
    }

    /** An engine's request for a blob, for as long as it runs. */
    Asking enter(Asker asker) {
        Place place = new Place(asker.upstream(), asker.repository());
        lock.lock();
        try {
            Shelf shelf = shelves.computeIfAbsent(place, _ -> new Shelf());
            shelf.users++;
            shelf.known.removeIf(known -> known.authorization.equals(asker.authorization()));
            if (shelf.known.size() == MOST_PER_REPOSITORY) {
                shelf.known.removeFirst();
            }
            shelf.known.add(new Known(asker.authorization(), ++additions));
            added.signalAll();
        } finally {
            lock.unlock();
        }
        return new Asking(place, asker.authorization());
    }

    /** What one request contributes, and what a transfer for it may use. */
    final class Asking implements CredentialSource, AutoCloseable {
        private final Place place;
        private final Authorization own;

        private Asking(Place place, Authorization own) {
            this.place = place;
            this.own = own;
        }

        @Override
        public Authorization current() {
            lock.lock();
            try {
                Shelf shelf = shelves.get(place);
                return shelf == null ? own : shelf.known.getLast().authorization;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public Optional<Authorization> newerThan(Authorization rejected, String challenge) {
            lock.lock();
            try {
                long nanos = patience.toNanos();
                Authorization newer = newerThan(rejected);
                while (newer == null && nanos > 0) {
                    nanos = added.awaitNanos(nanos);
                    newer = newerThan(rejected);
                }
                return Optional.ofNullable(newer);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Optional.empty();
            } finally {
                lock.unlock();
            }
        }

        private @Nullable Authorization newerThan(Authorization rejected) {
            Shelf shelf = shelves.get(place);
            if (shelf == null) {
                return null;
            }
            long age = shelf.known.stream()
                    .filter(known -> known.authorization.equals(rejected))
                    .mapToLong(Known::age)
                    .findFirst()
                    .orElse(0);
            Known last = shelf.known.getLast();
            return last.age > age && !last.authorization.equals(rejected) ? last.authorization : null;
        }

        @Override
        public void close() {
            lock.lock();
            try {
                Shelf shelf = shelves.get(place);
                if (shelf != null && --shelf.users == 0) {
                    shelves.remove(place);
                }
            } finally {
                lock.unlock();
            }
        }
    }

    boolean isEmpty() {
        lock.lock();
        try {
            return shelves.isEmpty();
        } finally {
            lock.unlock();
        }
    }
}
