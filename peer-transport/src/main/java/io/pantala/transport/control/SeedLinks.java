package io.pantala.transport.control;

import io.pantala.manifest.Digest;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage.Hello;
import io.vertx.core.Vertx;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A host's links to all its seeds, one each. */
public final class SeedLinks implements AutoCloseable {
    private final WebSocketClient client;
    private final List<SeedLink> links;
    private final CompletableFuture<Void> settled;

    private SeedLinks(Vertx vertx, List<NodeAddress> seeds, Hello hello, ControlConfig config, LinkListener listener) {
        this.client = vertx.createWebSocketClient(new WebSocketClientOptions()
                .setMaxFrameSize(ControlCodec.LONGEST)
                .setMaxMessageSize(ControlCodec.LONGEST)
                .setClosingTimeout(1));
        ControlCodec codec = new ControlCodec();
        this.links = seeds.stream()
                .distinct()
                .map(seed -> new SeedLink(vertx, client, seed, hello, config, codec, listener))
                .toList();
        this.settled = CompletableFuture.allOf(
                        links.stream().map(SeedLink::tried).toArray(CompletableFuture<?>[]::new))
                .completeOnTimeout(null, config.firstLink().toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Starts dialling all seeds, and keeps at it.
     *
     * @param node what this host calls itself
     * @param software this program and its version, for the seeds' logs
     */
    public static SeedLinks dial(
            Vertx vertx,
            List<NodeAddress> seeds,
            String node,
            String software,
            ControlConfig config,
            LinkListener listener) {
        SeedLinks links = new SeedLinks(vertx, seeds, new Hello(config.versions(), node, software), config, listener);
        links.links.forEach(SeedLink::dial);
        return links;
    }

    /**
     * Completes once each seed was reached, or could not be, or has had its time: until then a missing link may just be
     * young.
     */
    public CompletableFuture<Void> settled() {
        return settled.copy();
    }

    /** The links that are up now, the one that owns this digest first (rendezvous hashing). */
    public List<SeedLink> ranked(Digest digest) {
        record Ranked(SeedLink link, long score) {}
        List<Ranked> up = new ArrayList<>();
        for (SeedLink link : links) {
            String seed = link.seed();
            if (seed != null) {
                up.add(new Ranked(link, score(seed, digest)));
            }
        }
        up.sort(Comparator.comparing(Ranked::score, Long::compareUnsigned).reversed());
        return up.stream().map(Ranked::link).toList();
    }

    /** How many of the links are up. */
    public int up() {
        return (int) links.stream().filter(SeedLink::isUp).count();
    }

    private static long score(String seed, Digest digest) {
        byte[] both = (seed + '\0' + digest).getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.wrap(Digest.newSha256().digest(both)).getLong();
    }

    @Override
    public void close() {
        links.forEach(SeedLink::close);
        client.close();
    }
}
