package io.pantala.seed.preheat;

import io.pantala.manifest.Digest;
import io.pantala.registry.FakeRegistry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Puts images into a {@link FakeRegistry}, and knows their blobs. */
public final class FakeImage {
    private static final String INDEX = "application/vnd.oci.image.index.v1+json";
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

    private final FakeRegistry registry;
    private final String repository;
    private final Random random = new Random(7);
    private final Map<Digest, byte[]> blobs = new LinkedHashMap<>();

    public FakeImage(FakeRegistry registry, String repository) {
        this.registry = registry;
        this.repository = repository;
    }

    /** What the registry holds of it. */
    public Map<Digest, byte[]> blobs() {
        return blobs;
    }

    /** A blob of random bytes, as a descriptor. */
    public String blob(int size) {
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        Digest digest = registry.blob(repository, bytes);
        blobs.put(digest, bytes);
        return descriptor(digest, size);
    }

    public static String descriptor(Digest digest, long size) {
        return "{\"mediaType\":\"application/octet-stream\",\"digest\":\"" + digest + "\",\"size\":" + size + "}";
    }

    /** A manifest of the first blob as config and the others as layers, also under this tag. */
    public Digest manifest(String tag, String config, String... layers) {
        return put(
                tag,
                MANIFEST,
                "{\"schemaVersion\":2,\"mediaType\":\"" + MANIFEST + "\",\"config\":" + config + ",\"layers\":["
                        + String.join(",", layers) + "]}");
    }

    /** An index of manifests by platform, in which {@code -} is none. */
    public Digest index(String tag, Map<String, Digest> manifests) {
        List<String> entries = new ArrayList<>();
        manifests.forEach((platform, digest) -> {
            String[] parts = platform.split("/", -1);
            String what = parts.length < 2
                    ? ""
                    : ",\"platform\":{\"os\":\"" + parts[0] + "\",\"architecture\":\"" + parts[1] + "\"}";
            entries.add("{\"mediaType\":\"" + MANIFEST + "\",\"digest\":\"" + digest + "\",\"size\":1" + what + "}");
        });
        return put(
                tag,
                INDEX,
                "{\"schemaVersion\":2,\"mediaType\":\"" + INDEX + "\",\"manifests\":[" + String.join(",", entries)
                        + "]}");
    }

    /** Anything as a manifest. */
    public Digest put(String tag, String mediaType, String json) {
        return registry.manifest(repository, tag, mediaType, json.getBytes(StandardCharsets.UTF_8));
    }
}
