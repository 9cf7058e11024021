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

    /** A credential that engines are showing right now. */
    private static final class Known {
        private final Authorization authorization;
        private int users;

        /** Whether the upstream has said no to it since it was shown first. */
        private boolean rejected;

        private Known(Authorization authorization) {
            this.authorization = authorization;
        }
    }

    /** The credentials for one repository, in the order in which they were shown first. */
    private static final class Shelf {
        private final List<Known> known = new ArrayList<>();

        @Nullable
        Known find(Authorization authorization) {
            return known.stream()
                    .filter(each -> each.authorization.equals(authorization))
                    .findFirst()
                    .orElse(null);
        }

        /** The one shown last of those that may still do. */
        @Nullable
        Authorization best() {
            return known.reversed().stream()
                    .filter(each -> !each.rejected)
                    .map(each -> each.authorization)
                    .findFirst()
                    .orElse(null);
        }
    }

    private final Duration patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition added = lock.newCondition();
    private final Map<Place, Shelf> shelves = new HashMap<>();

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
            Known known = shelf.find(asker.authorization());
            if (known == null) {
                if (shelf.known.size() == MOST_PER_REPOSITORY) {
                    shelf.known.removeFirst();
                }
                known = new Known(asker.authorization());
                shelf.known.add(known);
            }
            known.users++;
            added.signalAll();
            return new Asking(place, known);
        } finally {
            lock.unlock();
        }
    }

    /** What one request contributes, and what a transfer for it may use. */
    final class Asking implements CredentialSource, AutoCloseable {
        private final Place place;
        private final Known shown;
        private final Authorization own;

        private Asking(Place place, Known shown) {
            this.place = place;
            this.shown = shown;
            this.own = shown.authorization;
        }

        /** Its own while that may do, else what another engine shows. */
        @Override
        public Authorization current() {
            lock.lock();
            try {
                Shelf shelf = shelves.get(place);
                Known known = shelf == null ? null : shelf.find(own);
                if (shelf == null || (known != null && !known.rejected)) {
                    return own;
                }
                Authorization best = shelf.best();
                return best == null ? own : best;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public Optional<Authorization> newerThan(Authorization rejected, String challenge) {
            lock.lock();
            try {
                reject(rejected);
                long nanos = patience.toNanos();
                Authorization other = best();
                while (other == null && nanos > 0) {
                    nanos = added.awaitNanos(nanos);
                    other = best();
                }
                return Optional.ofNullable(other);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Optional.empty();
            } finally {
                lock.unlock();
            }
        }

        private void reject(Authorization rejected) {
            Shelf shelf = shelves.get(place);
            Known known = shelf == null ? null : shelf.find(rejected);
            if (known != null) {
                known.rejected = true;
            }
        }

        private @Nullable Authorization best() {
            Shelf shelf = shelves.get(place);
            return shelf == null ? null : shelf.best();
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (--shown.users > 0) {
                    return;
                }
                // It may have made way for others long ago, and the same be known anew, for the sake of others.
                Shelf shelf = shelves.get(place);
                if (shelf != null && shelf.known.remove(shown) && shelf.known.isEmpty()) {
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
