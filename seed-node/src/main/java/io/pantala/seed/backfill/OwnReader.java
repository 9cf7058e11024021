package io.pantala.seed.backfill;

import io.pantala.manifest.UpstreamName;
import io.pantala.registry.OwnCredentials;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import java.util.Map;

/**
 * Fills blobs with this node's own credentials where it has some, instead of those of the engines that want them. Whether
 * an engine may have a blob is asked elsewhere, and with its own.
 */
public final class OwnReader implements BlobFiller {
    private final BlobFiller filler;
    private final Map<UpstreamName, OwnCredentials> own;

    public OwnReader(BlobFiller filler, Map<UpstreamName, OwnCredentials> own) {
        this.filler = filler;
        this.own = Map.copyOf(own);
    }

    @Override
    public Fill start(FillRequest request) {
        OwnCredentials credentials = own.get(request.key().upstream());
        return filler.start(
                credentials == null
                        ? request
                        : new FillRequest(
                                request.key(),
                                request.repository(),
                                request.content(),
                                credentials.forPulling(request.repository()),
                                request.requestId()));
    }
}
