package io.pantala.seed.preheat;

import io.pantala.manifest.Descriptor;
import io.pantala.manifest.Digest;
import io.pantala.manifest.ImageReference;
import io.pantala.manifest.Manifest;
import io.pantala.manifest.Platform;
import io.pantala.manifest.Reference;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** Goes from an image's name through its manifests to the blobs that an engine would pull. */
final class ImageWalk {
    private static final int DEEPEST = 4;
    private static final int MOST_MANIFESTS = 512;
    private static final int MOST_BLOBS = 10_000;

    private final ManifestSource source;
    private final ImageReference image;
    private final List<Platform> platforms;
    private final Set<Digest> seen = new HashSet<>();
    private final Map<Digest, Descriptor> blobs = new LinkedHashMap<>();

    /**
     * What an image consists of.
     *
     * @param digest of the manifest its name stands for
     * @param blobs each once
     */
    record Found(Digest digest, List<Descriptor> blobs) {}

    private ImageWalk(ManifestSource source, ImageReference image, List<Platform> platforms) {
        this.source = source;
        this.image = image;
        this.platforms = platforms;
    }

    static Found walk(ManifestSource source, ImageReference image, List<Platform> platforms)
            throws PreheatException, InterruptedException {
        ImageWalk walk = new ImageWalk(source, image, platforms);
        ManifestSource.Read root = source.read(image.repository(), image.reference());
        walk.visit(root, 1);
        return new Found(root.digest(), List.copyOf(walk.blobs.values()));
    }

    private void visit(ManifestSource.Read read, int depth) throws PreheatException, InterruptedException {
        seen.add(read.digest());
        switch (read.manifest()) {
            case Manifest.Image one -> add(one.blobs());
            case Manifest.Index index -> {
                if (depth == DEEPEST) {
                    throw new PreheatException("its indexes are nested more than " + DEEPEST + " deep");
                }
                for (Descriptor child : wanted(index)) {
                    follow(child, depth);
                }
            }
            case Manifest.Opaque opaque ->
                throw new PreheatException("the manifest " + read.digest() + " is of a format that names no blobs");
        }
    }

    private void follow(Descriptor child, int depth) throws PreheatException, InterruptedException {
        if (seen.contains(child.digest())) {
            return;
        }
        if (seen.size() == MOST_MANIFESTS) {
            throw new PreheatException("it has more than " + MOST_MANIFESTS + " manifests");
        }
        visit(source.read(image.repository(), new Reference.ByDigest(child.digest())), depth + 1);
    }

    /** The image's manifests for the platforms asked for; where an index names none, there is nothing to pick by. */
    private Collection<Descriptor> wanted(Manifest.Index index) throws PreheatException {
        Set<Platform> offered = index.manifests().stream()
                .map(Descriptor::platform)
                .filter(Objects::nonNull)
                .collect(Collectors.toSet());
        if (platforms.isEmpty() || offered.isEmpty()) {
            return index.manifests();
        }
        for (Platform platform : platforms) {
            if (offered.stream().noneMatch(platform::accepts)) {
                throw new PreheatException("there is no image for " + platform + ", only for "
                        + offered.stream().map(Platform::toString).sorted().collect(Collectors.joining(", ")));
            }
        }
        return index.manifests().stream()
                .filter(each -> {
                    Platform platform = each.platform();
                    return platform != null && platforms.stream().anyMatch(asked -> asked.accepts(platform));
                })
                .toList();
    }

    private void add(List<Descriptor> found) throws PreheatException {
        for (Descriptor blob : found) {
            // A foreign layer is not the registry's to give: engines fetch it from where its urls say.
            if (blob.urls().isEmpty()) {
                blobs.putIfAbsent(blob.digest(), blob);
            }
        }
        if (blobs.size() > MOST_BLOBS) {
            throw new PreheatException("it has more than " + MOST_BLOBS + " blobs");
        }
    }
}
