package io.pantala.transport.control;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import io.pantala.manifest.RepositoryName;
import io.pantala.store.BlobFailure;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.UpstreamRefusal;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.ClusterKey;
import io.pantala.transport.ticket.Ticket;
import io.pantala.transport.ticket.TicketKey;
import io.pantala.transport.ticket.Voucher;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What a host and a seed say to one another. Everything about a blob may be repeated without harm. */
public sealed interface ControlMessage {
    /**
     * A host's first message.
     *
     * @param node what the host calls itself: 1 to 128 visible ASCII characters
     * @param software the program and its version, of the same form
     * @param peer where other hosts can fetch blocks from it; empty: nowhere
     * @param zone where it is, {@code region/zone/rack}; empty if it doesn't say
     */
    record Hello(VersionRange versions, String node, String software, Optional<Peer> peer, String zone, Limits limits)
            implements ControlMessage {
        public Hello {
            requireWord(node);
            requireWord(software);
            if (!zone.isEmpty()) {
                requireWord(zone);
            }
        }
    }

    /**
     * How fast a host sends to others and takes from them at most, in bytes per second; {@link Long#MAX_VALUE}: as fast as
     * it can.
     */
    record Limits(long upload, long download) {
        public static final Limits NONE = new Limits(Long.MAX_VALUE, Long.MAX_VALUE);

        public Limits {
            if (upload < 1 || download < 1) {
                throw new IllegalArgumentException("nothing could be moved");
            }
        }
    }

    /**
     * Where a host serves blocks to others.
     *
     * @param host a name or an IP literal; empty: at the address that the seed sees it dial from
     */
    record Peer(Optional<String> host, int port) {
        public Peer {
            if (port < 1) {
                throw new IllegalArgumentException("nobody can be reached at port " + port);
            }
            var _ = new NodeAddress(host.orElse("any"), port);
        }

        /** At the given address, if it was not told another one. */
        NodeAddress seenAt(String address) {
            return new NodeAddress(host.orElse(address), port);
        }
    }

    /**
     * A seed's answer to it.
     *
     * @param version what is spoken from here on
     * @param seed what the seed calls itself, of the same form as a host's name
     */
    record Welcome(int version, String seed) implements ControlMessage {
        public Welcome {
            requireWord(seed);
        }
    }

    /**
     * What a host needs to know of its cluster. Told after the welcome, whenever it changes, and every now and then, since
     * it tells what the seed's clock shows too.
     *
     * @param time of the seed's clock
     * @param roots whom the cluster trusts, in PEM
     * @param ticketKeys what tickets are verified with
     * @param shutOut the names of nodes that may not take part
     * @param key what the cluster keeps to itself; told only to who has a certificate of the cluster
     */
    record News(Instant time, String roots, List<TicketKey> ticketKeys, Set<String> shutOut, Optional<ClusterKey> key)
            implements ControlMessage {
        public News {
            ticketKeys = List.copyOf(ticketKeys);
            shutOut = Set.copyOf(shutOut);
        }

        /** The same for strangers. */
        News withoutKey() {
            return new News(time, roots, ticketKeys, shutOut, Optional.empty());
        }
    }

    /** What this program is too old to know. Ignored. */
    record Unknown(String type) implements ControlMessage {}

    /** About a blob that this end had left when it was said, known by its number alone. Ignored. */
    record Belated(String type, int number) implements ControlMessage {}

    /** What concerns one blob. */
    sealed interface AboutBlob extends ControlMessage {
        BlobKey key();
    }

    /**
     * A host wants to follow a blob, until it leaves. Repeated, it takes the place of what it said before.
     *
     * @param content what it is at the registry
     * @param authorization what the seed may read the registry with, for this blob alone
     * @param requestId of the engine's request, for the seed's log: 1 to 128 visible ASCII characters
     */
    record Want(
            BlobKey key,
            RepositoryName repository,
            FillRequest.Content content,
            Authorization authorization,
            String requestId)
            implements AboutBlob {
        public Want {
            requireWord(requestId);
        }

        /** Of a blob. */
        public Want(BlobKey key, RepositoryName repository, Authorization authorization, String requestId) {
            this(key, repository, FillRequest.Content.BLOB, authorization, requestId);
        }
    }

    /** The want was heard. Sent at once, so that a seed that hangs shows. */
    record Accepted(BlobKey key) implements AboutBlob {}

    /** The blob's bytes will come, cut like this. */
    record Opened(BlobKey key, BlockLayout layout) implements AboutBlob {}

    /** Opens the blob's blocks to the host, at every node. Another follows before it ends, until the host leaves. */
    record Granted(BlobKey key, Ticket ticket) implements AboutBlob {}

    /** The registry said no. */
    record Refused(BlobKey key, UpstreamRefusal refusal) implements AboutBlob {}

    /** The seed can't store it; whoever wants it reads it from the registry. */
    record PassThrough(BlobKey key, Opening.PassThrough.Reason reason) implements AboutBlob {}

    /** The seed can't help now. */
    record Unavailable(BlobKey key, String reason) implements AboutBlob {}

    /**
     * The seed holds these successive blocks, and their sha256s are these. The last block's is told only once the blob is
     * sealed.
     *
     * @param packed 32 bytes a block, one after the other
     */
    @SuppressWarnings("ArrayRecordComponent") // up to 256 KiB of hashes; never compared
    record Hashes(BlobKey key, int first, byte[] packed) implements AboutBlob {
        public Hashes {
            if (first < 0
                    || packed.length == 0
                    || packed.length % BlockHashes.LENGTH != 0
                    || first > Integer.MAX_VALUE - packed.length) {
                throw new IllegalArgumentException("not hashes: " + packed.length + " bytes from block " + first);
            }
        }

        /** How many blocks they are of. */
        public int count() {
            return packed.length / BlockHashes.LENGTH;
        }

        /** The hash of the block {@code first + offset}. */
        public byte[] hash(int offset) {
            return Arrays.copyOfRange(packed, offset * BlockHashes.LENGTH, (offset + 1) * BlockHashes.LENGTH);
        }
    }

    /**
     * All blocks are known and together they are the blob.
     *
     * @param voucher for a seed that has lost the blob, if the host shows it one day
     */
    record Sealed(BlobKey key, Optional<Voucher> voucher) implements AboutBlob {
        public Sealed(BlobKey key) {
            this(key, Optional.empty());
        }
    }

    /** A seed has lost a blob of which the host holds all: what can it show? No answer is one, too. */
    record Recall(BlobKey key) implements AboutBlob {}

    /**
     * The answer.
     *
     * @param packed the sha256 of each block, one after the other
     * @param voucher a seed's word that they are right
     */
    @SuppressWarnings("ArrayRecordComponent") // up to 512 KiB of hashes; never compared
    record Recalled(BlobKey key, BlockLayout layout, byte[] packed, Voucher voucher) implements AboutBlob {
        /** Blocks of the largest blob that fits a message. */
        public static final int MOST = 16_384;

        public Recalled {
            if (packed.length != (long) layout.count() * BlockHashes.LENGTH || layout.count() > MOST) {
                throw new IllegalArgumentException(packed.length + " bytes of hashes don't fit " + layout);
            }
        }
    }

    /** The blob's bytes stop coming. */
    record Failed(BlobKey key, BlobFailure failure) implements AboutBlob {}

    /**
     * The registry has rejected the credential in mid-blob: is there a newer one?
     *
     * @param challenge the registry's {@code WWW-Authenticate}; empty if it sent none
     */
    record CredentialWanted(BlobKey key, String challenge) implements AboutBlob {}

    /** The answer: a newer one, or none. */
    record Credential(BlobKey key, Optional<Authorization> authorization) implements AboutBlob {}

    /**
     * Another request of an engine follows the blob that this host wants already.
     *
     * @param requestId for the seed's log: 1 to 128 visible ASCII characters
     */
    record Joined(BlobKey key, String requestId) implements AboutBlob {
        public Joined {
            requireWord(requestId);
        }
    }

    /** A host no longer wants the blob. */
    record Leave(BlobKey key) implements AboutBlob {}

    /**
     * A host holds these blocks, verified, beside those it has told of before. It tells so of all it stores when a link
     * comes up; and of a blob that it wants, even if it holds nothing of it, once it is ready for orders.
     */
    record Have(BlobKey key, BlockLayout layout, BlockSet blocks) implements AboutBlob {
        public Have {
            if (blocks.count() != layout.count()) {
                throw new IllegalArgumentException(blocks + " don't fit " + layout);
            }
        }
    }

    /** A host's readers are at these blocks of a blob. */
    record Reading(BlobKey key, List<Integer> blocks) implements AboutBlob {
        /** Readers of one host that are told of at most. */
        public static final int MOST = 64;

        public Reading {
            blocks = List.copyOf(blocks);
            if (blocks.size() > MOST || blocks.stream().anyMatch(block -> block < 0)) {
                throw new IllegalArgumentException("not places of readers: " + blocks);
            }
        }
    }

    /** A host is to fetch these blocks now. */
    record Orders(BlobKey key, List<Order> orders) implements AboutBlob {
        /** Orders in one message at most. */
        public static final int MOST = 4096;

        public Orders {
            orders = List.copyOf(orders);
        }
    }

    /**
     * One block to be fetched.
     *
     * @param from empty: from the seed that orders it
     * @param repeat why the seed sends it although hosts have it; empty where a host sends it, and where the seed does since
     *     no host had it to pass on
     */
    record Order(int block, Optional<NodeAddress> from, Optional<Repeat> repeat) {
        public Order {
            if (block < 0 || (from.isPresent() && repeat.isPresent())) {
                throw new IllegalArgumentException("not an order: " + block + " from " + from + ", " + repeat);
            }
        }

        /** From a host; or from the seed, since no host had it to pass on. */
        public Order(int block, Optional<NodeAddress> from) {
            this(block, from, Optional.empty());
        }

        /** Why a seed sends a block that hosts have, or expect. */
        public enum Repeat {
            /** Of those looked at that have or expect it, none was less busy. */
            BUSY,
            /** Those that have it have failed the receiver lately, or were late. */
            AVOIDED,
            /** No host of the receiver's zone has it. */
            AWAY,
            /** The seed is newer, and its reason is not known here. */
            OTHER
        }
    }

    /** What came of a host's orders. */
    record Reports(BlobKey key, List<Report> reports) implements AboutBlob {
        public Reports {
            reports = List.copyOf(reports);
        }
    }

    /**
     * What came of one order.
     *
     * @param took from asking the source to its last byte
     * @param waited before that
     */
    record Report(int block, Optional<NodeAddress> from, Outcome outcome, Duration took, Duration waited) {
        /** What can come of an order. */
        public enum Outcome {
            /** The block is held. */
            FETCHED,
            /** It is on its way for longer than others took, and goes on. */
            LATE,
            /** No connection, or it was cut. */
            UNREACHABLE,
            /** The source stood still. */
            STALLED,
            /** The source would not send it. */
            REFUSED,
            /** The source doesn't have it. */
            NOT_HELD,
            /** Other bytes came. */
            CORRUPT,
            /** The host's own fault, or nobody's. */
            OTHER
        }
    }

    /** Names end up in other nodes' logs, so they can't hold just anything. */
    private static void requireWord(String text) {
        if (text.isEmpty() || text.length() > 128 || text.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            throw new IllegalArgumentException("a name must be 1 to 128 visible ASCII characters");
        }
    }
}
