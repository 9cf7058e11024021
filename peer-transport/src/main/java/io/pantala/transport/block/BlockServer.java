package io.pantala.transport.block;

import io.pantala.store.BlobStore;
import io.pantala.store.IncomingBlock;
import io.pantala.store.StoredBlob;
import io.pantala.transport.RateLimit;
import io.pantala.transport.link.Caller;
import io.pantala.transport.ticket.Ticket;
import io.pantala.transport.ticket.TicketCheck;
import io.pantala.transport.ticket.TicketRefusal;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Serves the blocks that a store holds to whoever shows a ticket, from the page cache straight to the socket; to whoever
 * asks for that, also blocks that it is just receiving, as they come.
 */
public final class BlockServer {
    /** The path of a block, as a regular expression, to mount {@link #handle} at. */
    public static final String PATHS = "/pantala/v1/blobs/[^/]+/blocks/[^/]+";

    /** Look-ups under way at most, so that a slow disk can't pile them up. */
    private static final int MOST_LOOK_UPS = 1024;

    /** Blocks that are passed on as they come, at most: more than a conductor orders from one source. */
    private static final int MOST_RELAYS = 128;

    /** How long a block that is to be passed on may take to begin to come: its order may still be on its way. */
    private static final Duration RELAY_PATIENCE = Duration.ofSeconds(1);

    private final BlobStore store;
    private final TicketCheck tickets;
    private final RateLimit upload;
    private final BlockServerListener listener;
    private final Semaphore lookUps = new Semaphore(MOST_LOOK_UPS);
    private final Semaphore relays = new Semaphore(MOST_RELAYS);

    /** Without a limit. */
    public BlockServer(BlobStore store, TicketCheck tickets, BlockServerListener listener) {
        this(store, tickets, RateLimit.NONE, listener);
    }

    /**
     * Keeps to a limit.
     *
     * @param upload how fast it may send
     */
    public BlockServer(BlobStore store, TicketCheck tickets, RateLimit upload, BlockServerListener listener) {
        this.store = store;
        this.tickets = tickets;
        this.upload = upload;
        this.listener = listener;
    }

    /** Answers a GET of {@link #PATHS} of one who may make it. On the request's event loop. */
    public void handle(HttpServerRequest request, Caller caller) {
        Context loop = Vertx.currentContext();
        Optional<BlockRequest> wanted =
                BlockRequest.parse(request.path(), request.getParam("upstream"), request.getParam("relayed"));
        if (wanted.isEmpty()) {
            fail(request.response(), 400);
        } else if (!lookUps.tryAcquire()) {
            fail(request.response(), 503);
        } else {
            // The store may touch the disk, and a signature takes its time: nothing for an event loop.
            String ticket = request.getHeader(Ticket.HEADER);
            Thread.startVirtualThread(() -> {
                try {
                    Answer answer = answer(wanted.get(), ticket, caller);
                    loop.runOnContext(_ -> send(answer, wanted.get(), request));
                } finally {
                    lookUps.release();
                }
            });
        }
    }

    private sealed interface Answer {
        record Block(StoredBlob blob) implements Answer {}

        /** It comes, and is passed on meanwhile. Holds one of the {@link #relays}. */
        record Coming(StoredBlob blob, IncomingBlock block) implements Answer {}

        record No(int status) implements Answer {}

        record Denied(TicketRefusal reason) implements Answer {}
    }

    private Answer answer(BlockRequest wanted, @Nullable String ticket, Caller caller) {
        return tickets.check(ticket, caller.node(), wanted.key())
                .<Answer>map(Answer.Denied::new)
                .orElseGet(() -> lookUp(wanted));
    }

    private Answer lookUp(BlockRequest wanted) {
        return store.find(wanted.key())
                .map(blob -> lookUp(blob, wanted.index(), wanted.relayed()))
                .orElseGet(() -> new Answer.No(404));
    }

    /** Takes over the lease. The last block waits for the whole blob's digest to match. */
    private Answer lookUp(StoredBlob blob, int index, boolean relayed) {
        if (index >= blob.layout().count()) {
            blob.close();
            return new Answer.No(416);
        }
        if (relayed && !blob.gives(index) && relays.tryAcquire()) {
            Optional<IncomingBlock> incoming = incoming(blob, index);
            if (incoming.isPresent()) {
                return new Answer.Coming(blob, incoming.get());
            }
            relays.release();
        }
        long from = blob.layout().offset(index);
        if (blob.gives(index) && blob.intact(from, from + blob.layout().length(index))) {
            return new Answer.Block(blob);
        }
        blob.close();
        return new Answer.No(404);
    }

    private static Optional<IncomingBlock> incoming(StoredBlob blob, int index) {
        try {
            return blob.incoming(index, RELAY_PATIENCE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private void send(Answer answer, BlockRequest wanted, HttpServerRequest request) {
        switch (answer) {
            case Answer.No(int status) -> {
                if (status == 404) {
                    listener.blockMissing(wanted.key(), wanted.index());
                }
                fail(request.response(), status);
            }
            case Answer.Denied(TicketRefusal reason) -> {
                listener.blockDenied(reason);
                fail(request.response(), 403);
            }
            case Answer.Block(StoredBlob blob) -> {
                int length = blob.layout().length(wanted.index());
                long offset = blob.layout().offset(wanted.index());
                send(wanted, request, length, blob::close, () -> body(request, blob, offset, length));
            }
            case Answer.Coming(StoredBlob blob, IncomingBlock block) ->
                send(
                        wanted,
                        request,
                        blob.layout().length(wanted.index()),
                        () -> {
                            block.close();
                            blob.close();
                            relays.release();
                        },
                        () -> RelayedBlock.send(request, blob, wanted.index(), block, upload)
                                .onSuccess(_ -> listener.blockRelayed(wanted.key(), wanted.index())));
        }
    }

    private interface Body {
        /** Sends it, and ends the response. */
        Future<Void> send() throws IOException;
    }

    private void send(BlockRequest wanted, HttpServerRequest request, int length, Runnable release, Body body) {
        HttpServerResponse response = request.response();
        if (response.closed()) {
            // The host hung up while the block was looked up; sendFile would not take that well.
            release.run();
            return;
        }
        response.putHeader(HttpHeaders.CONTENT_TYPE, "application/octet-stream");
        try {
            body.send()
                    .onComplete(
                            _ -> {
                                release.run();
                                listener.blockSent(wanted.key(), wanted.index(), length);
                            },
                            _ -> {
                                release.run();
                                // Part of it may be out: nothing else can be said on this connection.
                                request.connection().close();
                            });
        } catch (RuntimeException | IOException e) {
            // The host hung up, or the blob was dropped, while the block was looked up. Vert.x says so by exceptions of
            // several kinds, a NullPointerException among them.
            release.run();
            request.connection().close();
        }
    }

    /** What TLS has to encrypt can't go past memory: then pages of the file itself are. */
    private Future<Void> body(HttpServerRequest request, StoredBlob blob, long offset, int length) throws IOException {
        if (!upload.isNone()) {
            return PacedSlices.send(request, blob.channel(), offset, length, upload);
        }
        return request.isSSL()
                ? MappedSlices.send(request, blob.memory().asSlice(offset, length))
                : request.response().sendFile(blob.channel(), offset, length);
    }

    private static void fail(HttpServerResponse response, int status) {
        try {
            response.setStatusCode(status).end();
        } catch (IllegalStateException e) {
            // The host hung up; nobody is left to be told.
        }
    }
}
