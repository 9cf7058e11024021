package io.pantala.seed.tracker;

import io.pantala.manifest.BlobKey;
import io.pantala.seed.schedule.Member;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlSession;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** A host as long as its link is up. Owned by the owner's thread. */
final class Guest {
    private final ControlSession session;
    private Optional<NodeAddress> peer;

    /** It, as the conductor knows it. */
    final Member member;

    /** The blobs that it wants. */
    final Set<BlobKey> wanted = new HashSet<>();

    private boolean gone;

    Guest(ControlSession session, Member member) {
        this.session = session;
        this.peer = session.peer();
        this.member = member;
    }

    /** What the host calls itself. */
    String node() {
        return session.node();
    }

    /** Where others fetch blocks from it; empty: nowhere. */
    Optional<NodeAddress> peer() {
        return peer;
    }

    /** Where it says that others can fetch blocks from it. */
    Optional<NodeAddress> claimed() {
        return session.peer();
    }

    /** Whether others are sent where it says, or, since somebody else says the same, nowhere. */
    void serves(boolean serves) {
        peer = serves ? session.peer() : Optional.empty();
    }

    /** Whether a host can be sent to where another one says it serves: what is on this machine's loopback, only from there. */
    boolean reaches(Guest other) {
        return other.peer
                .filter(there -> !there.isLoopback()
                        || peer.filter(NodeAddress::isLoopback).isPresent())
                .isPresent();
    }

    /** Whether it has proved who it is. */
    boolean isCertified() {
        return session.identity().isPresent();
    }

    /** Whether it serves where it dials from, so that a seed that fetches from it dials nobody else. */
    boolean servesWhereItIs() {
        return peer.filter(
                        there -> NodeAddress.parse(session.remote(), 1).host().equals(there.host()))
                .isPresent();
    }

    boolean isGone() {
        return gone;
    }

    void leave() {
        gone = true;
    }

    void send(ControlMessage message) {
        session.send(message);
    }

    @Override
    public String toString() {
        return session.toString();
    }
}
