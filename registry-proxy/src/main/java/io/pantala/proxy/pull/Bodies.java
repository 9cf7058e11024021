package io.pantala.proxy.pull;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.Manifest;
import io.pantala.proxy.grant.Asker;
import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.Exchange;
import io.pantala.store.BlobFailedException;
import io.pantala.store.BlobReader;
import io.pantala.store.BlobStore;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;

/** The bytes of manifests, by digest and proved by it: from the store, from a seed, or from their registry, once. */
final class Bodies {
    private final BlobStore store;
    private final List<BlobFiller> fillers;
    private final PullConfig config;
    private final Credentials credentials;

    Bodies(BlobStore store, List<BlobFiller> fillers, PullConfig config) {
        this.store = store;
        this.fillers = fillers;
        this.config = config;
        this.credentials = new Credentials(config.stall());
    }

    /** Empty when they can't be had this way. */
    Optional<byte[]> read(Asker asker, Digest digest, Exchange exchange)
            throws EngineGoneException, InterruptedException {
        BlobKey key = new BlobKey(asker.upstream(), digest);
        try (Credentials.Asking asking = credentials.enter(asker);
                Supply supply = new Supply(
                        store,
                        fillers,
                        new FillRequest(key, asker.repository(), FillRequest.Content.MANIFEST, asking, exchange.id()),
                        exchange,
                        config.opening())) {
            Optional<byte[]> read = Optional.empty();
            Opening opening = supply.next(left(exchange));
            while (read.isEmpty()
                    && opening instanceof Opening.Opened(StoredBlob blob)
                    && blob.layout().size() <= Manifest.LARGEST) {
                read = read(blob, exchange);
                if (read.isEmpty()) {
                    opening = supply.next(left(exchange));
                }
            }
            return read;
        }
    }

    /** Some time is left to the registry itself. */
    private Duration left(Exchange exchange) {
        return config.answer().minus(exchange.elapsed()).minus(config.grant());
    }

    private Optional<byte[]> read(StoredBlob blob, Exchange exchange) throws EngineGoneException, InterruptedException {
        int size = (int) blob.layout().size();
        try (BlobReader reader = blob.reader(0, size)) {
            while (reader.position() < size) {
                long readable = exchange.<Long, BlobFailedException>whileConnected(() -> {
                    try {
                        return reader.awaitReadable(left(exchange));
                    } catch (TimeoutException e) {
                        return reader.position();
                    }
                });
                if (readable == reader.position()) {
                    return Optional.empty();
                }
                reader.advance(readable - reader.position());
            }
            ByteBuffer bytes = ByteBuffer.allocate(size);
            while (bytes.hasRemaining()) {
                if (reader.channel().read(bytes, bytes.position()) < 0) {
                    throw new EOFException("the file ends before its blob");
                }
            }
            return Optional.of(bytes.array());
        } catch (BlobFailedException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
