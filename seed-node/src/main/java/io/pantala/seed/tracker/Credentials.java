package io.pantala.seed.tracker;

import io.pantala.swarm.Authorization;
import io.pantala.swarm.CredentialSource;
import io.pantala.transport.control.ControlMessage.CredentialWanted;
import io.pantala.transport.control.ControlMessage.Want;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The credentials of the hosts that wait for one blob, as far as they want it from the same repository. When the one in
 * use is rejected, those hosts are asked for a newer one, the host that came last first.
 *
 * <p>The fill reads it on threads of its own; all else happens on the owner's thread.
 */
final class Credentials implements CredentialSource {
    private final Want first;
    private final Map<Guest, Want> wants;
    private final Owner owner;
    private final TrackerConfig config;
    private volatile Authorization current;

    // The owner's own.
    private final Set<Authorization> tried = new HashSet<>();
    private final List<CompletableFuture<Optional<Authorization>>> waiting = new ArrayList<>();
    private final Deque<Guest> toAsk = new ArrayDeque<>();
    private String challenge = "";
    private @Nullable Guest asked;
    private int questions;
    private boolean closed;

    /** @param wants of the blob's swarm, live, the newest last */
    Credentials(Want first, Map<Guest, Want> wants, Owner owner, TrackerConfig config) {
        this.first = first;
        this.wants = wants;
        this.owner = owner;
        this.config = config;
        this.current = first.authorization();
        this.tried.add(current);
    }

    @Override
    public Authorization current() {
        return current;
    }

    @Override
    public Optional<Authorization> newerThan(Authorization rejected, String challenge) {
        CompletableFuture<Optional<Authorization>> answer = new CompletableFuture<>();
        try {
            owner.execute(() -> look(rejected, challenge, answer));
            return answer.get(config.credentialWait().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException | RejectedExecutionException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** Whether a want can't be served by what was not tried yet. */
    boolean haveTried(Want want) {
        return want.repository().equals(first.repository()) && tried.contains(want.authorization());
    }

    private void look(Authorization rejected, String newChallenge, CompletableFuture<Optional<Authorization>> answer) {
        if (closed) {
            answer.complete(Optional.empty());
        } else if (!current.equals(rejected)) {
            answer.complete(Optional.of(current));
        } else {
            waiting.add(answer);
            challenge = newChallenge;
            if (waiting.size() == 1) {
                for (Want want : List.copyOf(wants.values()).reversed()) {
                    offered(want);
                }
                if (!waiting.isEmpty()) {
                    wants.forEach((guest, want) -> {
                        if (want.repository().equals(first.repository())) {
                            toAsk.addFirst(guest);
                        }
                    });
                    askNext();
                }
            }
        }
    }

    /** A host brings a credential that may help. */
    void offered(Want want) {
        if (!waiting.isEmpty() && want.repository().equals(first.repository()) && !haveTried(want)) {
            found(want.authorization());
        }
    }

    /** A host has answered, or can't any more. */
    void answered(Guest guest, Optional<Authorization> newer) {
        if (newer.isPresent() && !waiting.isEmpty() && !tried.contains(newer.get())) {
            found(newer.get());
        } else if (guest.equals(asked)) {
            askNext();
        }
    }

    private void askNext() {
        asked = toAsk.poll();
        if (asked == null) {
            complete(Optional.empty());
            return;
        }
        asked.send(new CredentialWanted(first.key(), challenge));
        int question = ++questions;
        owner.executeIn(config.credentialAnswer(), () -> {
            if (question == questions && asked != null) {
                askNext();
            }
        });
    }

    private void found(Authorization newer) {
        current = newer;
        tried.add(newer);
        complete(Optional.of(newer));
    }

    private void complete(Optional<Authorization> answer) {
        asked = null;
        toAsk.clear();
        waiting.forEach(future -> future.complete(answer));
        waiting.clear();
    }

    void close() {
        closed = true;
        complete(Optional.empty());
    }
}
