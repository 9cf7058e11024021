package io.pantala.proxy.pull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Descriptor;
import io.pantala.manifest.Digest;
import io.pantala.manifest.Manifest;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.grant.Asker;
import io.pantala.proxy.grant.Grants;
import io.pantala.store.BlobStore;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.CredentialSource;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Has layers fetched ahead: while an engine reads one of an image, the next ones of its manifest. An engine that reads a
 * manifest, or its config too, or parts of a layer, causes nothing. What is begun belongs to the request that it was begun
 * for: it is given up with that, as any transfer that nobody wants, unless the engine has come for it by then. Nothing of
 * it is given to anyone whom the upstream wouldn't give it to.
 */
final class Lookahead {
    /** Nothing is fetched ahead. */
    static final Ahead NOTHING = new Ahead(List.of());

    /** How many layers one request has fetched ahead. */
    private static final int LAYERS = 2;

    /** How far behind the one that is read they may be in the manifest. */
    private static final int REACH = 16;

    /** A layer that takes more than this part of the quota is left until it is asked for. */
    private static final int SHARE = 8;

    private static final int MOST_LAYERS = 20_000;
    private static final Duration LIFE = Duration.ofMinutes(10);

    private final BlobStore store;
    private final BlobFiller filler;
    private final Cache<Layer, Place> places;

    /** What manifests list, in order. Places may outlast them, and so don't hold them. */
    private final Cache<Digest, List<Descriptor>> images;

    private record Layer(UpstreamName upstream, RepositoryName repository, Digest digest) {}

    /** @param index among what the manifest lists */
    private record Place(Digest manifest, int index) {}

    /** @param filler where layers are fetched from, if it can help; nothing else is tried */
    Lookahead(BlobStore store, BlobFiller filler, Ticker ticker) {
        this.store = store;
        this.filler = filler;
        this.places = Caffeine.newBuilder()
                .maximumSize(MOST_LAYERS)
                .expireAfterWrite(LIFE)
                .ticker(ticker)
                .build();
        this.images = Caffeine.newBuilder()
                .maximumWeight(MOST_LAYERS)
                .<Digest, List<Descriptor>>weigher((_, blobs) -> blobs.size())
                .expireAfterWrite(LIFE)
                .ticker(ticker)
                .build();
    }

    /** What is fetched ahead for one request, until it is closed. */
    record Ahead(List<Fill> fills) implements AutoCloseable {
        Ahead {
            fills = List.copyOf(fills);
        }

        @Override
        public void close() {
            fills.forEach(Fill::close);
        }
    }

    /** The upstream gave this manifest of this repository. */
    void learn(Asker asker, Digest digest, Manifest manifest) {
        if (manifest instanceof Manifest.Image(List<Descriptor> all) && all.size() > 2) {
            List<Descriptor> blobs = all.subList(0, Math.min(all.size(), Grants.MOST_BLOBS_OF_A_MANIFEST));
            images.put(digest, List.copyOf(blobs));
            // The first is the config, which engines read to show an image too.
            for (int i = 1; i < blobs.size() - 1; i++) {
                var layer = new Layer(
                        asker.upstream(), asker.repository(), blobs.get(i).digest());
                places.put(layer, new Place(digest, i));
            }
        }
    }

    /** An engine that may have this layer reads it as a whole. */
    Ahead from(Asker asker, Digest layer, CredentialSource credentials, String requestId) {
        List<Descriptor> following = following(new Layer(asker.upstream(), asker.repository(), layer));
        long largest = store.usage().quota() / SHARE;
        return new Ahead(following.stream()
                .filter(each -> Grants.isInRepository(each) && each.size() <= largest)
                .map(each -> new BlobKey(asker.upstream(), each.digest()))
                .distinct()
                .filter(key -> !key.digest().equals(layer) && !isStored(key))
                .limit(LAYERS)
                .map(key -> {
                    Fill fill = filler.start(new FillRequest(key, asker.repository(), credentials, requestId));
                    Supply.giveBack(fill.opening());
                    return fill;
                })
                .toList());
    }

    private List<Descriptor> following(Layer layer) {
        Place place = places.getIfPresent(layer);
        List<Descriptor> blobs = place == null ? null : images.getIfPresent(place.manifest());
        return place == null || blobs == null
                ? List.of()
                : blobs.subList(place.index() + 1, Math.min(blobs.size(), place.index() + 1 + REACH));
    }

    private boolean isStored(BlobKey key) {
        Optional<StoredBlob> found = store.find(key);
        boolean sealed = found.filter(StoredBlob::sealed).isPresent();
        found.ifPresent(StoredBlob::close);
        return sealed;
    }
}
