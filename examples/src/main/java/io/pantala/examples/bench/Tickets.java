package io.pantala.examples.bench;

import io.pantala.examples.rig.PantalaNode;
import io.pantala.examples.rig.Site;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.RepositoryName;
import io.pantala.swarm.Authorization;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlConfig;
import io.pantala.transport.control.ControlMessage.AboutBlob;
import io.pantala.transport.control.ControlMessage.Granted;
import io.pantala.transport.control.ControlMessage.Limits;
import io.pantala.transport.control.ControlMessage.Opened;
import io.pantala.transport.control.ControlMessage.Sealed;
import io.pantala.transport.control.ControlMessage.Want;
import io.pantala.transport.control.LinkListener;
import io.pantala.transport.control.LinkSecurity;
import io.pantala.transport.control.SeedLink;
import io.pantala.transport.control.SeedLinks;
import io.pantala.transport.link.SeedNames;
import io.pantala.transport.ticket.Ticket;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A host as far as its seed can tell, on the seed's own site: asks for blobs, and for tickets to their blocks. */
final class Tickets implements AutoCloseable {
    private static final long PATIENCE_MINUTES = 2;

    private final Vertx vertx;
    private final SeedLinks links;
    private final SeedLink seed;

    private Tickets(Vertx vertx, SeedLinks links, SeedLink seed) {
        this.vertx = vertx;
        this.links = links;
        this.seed = seed;
    }

    /** Lets its host fetch the blocks of a blob. */
    record Pass(BlobKey blob, BlockLayout layout, Ticket ticket) {}

    /** Links the two, in plain text. */
    static Tickets from(Site site, PantalaNode seed) throws IOException, InterruptedException {
        Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
        CompletableFuture<SeedLink> up = new CompletableFuture<>();
        // Threads are where those are that start them, and so is the event loop, which dials.
        SeedLinks links = site.inside(() -> SeedLinks.dial(
                vertx,
                new SeedLinks.Dial(
                        new SeedNames(List.of(new NodeAddress(
                                seed.address().getHostString(), seed.address().getPort()))),
                        "bench",
                        "pantala/bench",
                        Optional.empty(),
                        "",
                        Limits.NONE,
                        new LinkSecurity.Plain(InetAddress::isLoopbackAddress),
                        up::complete,
                        (_, _) -> {}),
                ControlConfig.DEFAULT,
                LinkListener.NONE));
        return new Tickets(vertx, links, waited(up));
    }

    /** A ticket for a blob, once the seed has all of it. */
    Pass ask(BlobKey blob, RepositoryName repository) throws IOException, InterruptedException {
        CompletableFuture<BlockLayout> layout = new CompletableFuture<>();
        CompletableFuture<Ticket> ticket = new CompletableFuture<>();
        CompletableFuture<Void> sealed = new CompletableFuture<>();
        SeedLink.Watcher watcher = new SeedLink.Watcher() {
            @Override
            public boolean received(AboutBlob message) {
                switch (message) {
                    case Opened opened -> layout.complete(opened.layout());
                    case Granted granted -> ticket.complete(granted.ticket());
                    case Sealed _ -> sealed.complete(null);
                    default -> {
                        // of no use for a ticket
                    }
                }
                return true;
            }

            @Override
            public void up() {}

            @Override
            public void down(String why) {
                sealed.completeExceptionally(new IOException("the seed is gone: " + why));
            }
        };
        seed.watch(blob, watcher);
        seed.send(new Want(blob, repository, Authorization.ANONYMOUS, "bench"));
        try {
            waited(sealed);
            return new Pass(blob, waited(layout), waited(ticket));
        } finally {
            seed.leave(blob, watcher);
        }
    }

    private static <T> T waited(CompletableFuture<T> future) throws IOException, InterruptedException {
        try {
            return future.get(PATIENCE_MINUTES, TimeUnit.MINUTES);
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getMessage()), e);
        } catch (TimeoutException e) {
            throw new IOException("the seed said nothing for " + PATIENCE_MINUTES + " minutes", e);
        }
    }

    @Override
    public void close() {
        links.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
