package io.pantala.manifest;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a registry's manifest points to: the blobs of one image or artifact, or the manifests of several. Docker's v2
 * formats and OCI's are read alike; older ones ({@code fsLayers}) and unknown ones point to nothing.
 */
public sealed interface Manifest {
    /** The largest manifest that is read, in bytes: what containerd accepts. */
    int LARGEST = 4 << 20;

    /** One image or artifact: its config, if it has one, and its layers or blobs, in order. */
    record Image(List<Descriptor> blobs) implements Manifest {
        public Image {
            blobs = List.copyOf(blobs);
        }
    }

    /** Several manifests, of which an engine picks by platform. */
    record Index(List<Descriptor> manifests) implements Manifest {
        public Index {
            manifests = List.copyOf(manifests);
        }
    }

    /** Valid JSON that names no content the way the formats of today do. */
    record Opaque() implements Manifest {}

    /**
     * What these bytes are as a media type: as they say themselves, else, since only OCI's formats may leave that out, as
     * they look.
     */
    static String mediaType(byte[] body) throws ManifestException {
        String said;
        try {
            said = Json.MAPPER.readTree(body).path("mediaType").asText("");
        } catch (IOException e) {
            throw new ManifestException("not JSON: " + e.getMessage(), e);
        }
        return !said.isEmpty()
                ? said
                : switch (parse(body)) {
                    case Index _ -> "application/vnd.oci.image.index.v1+json";
                    case Image _ -> "application/vnd.oci.image.manifest.v1+json";
                    case Opaque _ -> "application/octet-stream";
                };
    }

    /** Reads a manifest's bytes. */
    static Manifest parse(byte[] body) throws ManifestException {
        if (body.length > LARGEST) {
            throw new ManifestException("a manifest of " + body.length + " bytes is larger than " + LARGEST);
        }
        try {
            return Json.read(Json.MAPPER.readTree(body));
        } catch (JsonProcessingException e) {
            throw new ManifestException("not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new ManifestException("not JSON: " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new ManifestException("not a manifest: " + e.getMessage(), e);
        }
    }
}

/** The JSON side of {@link Manifest}. */
final class Json {
    static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(64)
                            .maxDocumentLength(Manifest.LARGEST)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private Json() {}

    static Manifest read(@Nullable JsonNode root) {
        if (root == null || !root.isObject()) {
            throw new IllegalArgumentException("it must be a JSON object");
        }
        if (root.path("manifests").isArray()) {
            return new Manifest.Index(descriptors(root.path("manifests")));
        }
        if (root.path("layers").isArray() || root.path("blobs").isArray()) {
            List<Descriptor> blobs = new ArrayList<>();
            if (root.path("config").isObject()) {
                blobs.add(descriptor(root.path("config")));
            }
            blobs.addAll(descriptors(root.path("layers")));
            blobs.addAll(descriptors(root.path("blobs")));
            return new Manifest.Image(blobs);
        }
        return new Manifest.Opaque();
    }

    private static List<Descriptor> descriptors(JsonNode array) {
        List<Descriptor> read = new ArrayList<>();
        for (JsonNode each : array) {
            read.add(descriptor(each));
        }
        return read;
    }

    private static Descriptor descriptor(JsonNode node) {
        List<String> urls = new ArrayList<>();
        for (JsonNode url : node.path("urls")) {
            urls.add(url.asText());
        }
        return new Descriptor(
                node.path("mediaType").asText(""),
                Digest.parse(node.path("digest").asText("")),
                size(node.path("size")),
                platform(node.path("platform")),
                urls);
    }

    private static long size(JsonNode node) {
        if (node.isMissingNode() || node.isNull()) {
            return 0;
        }
        if (!node.isIntegralNumber() || !node.canConvertToLong()) {
            throw new IllegalArgumentException("a size must be a whole number of bytes");
        }
        return node.asLong();
    }

    private static @Nullable Platform platform(JsonNode node) {
        String os = node.path("os").asText("");
        String architecture = node.path("architecture").asText("");
        if (os.isEmpty() || architecture.isEmpty()) {
            return null;
        }
        String variant = node.path("variant").asText("");
        return new Platform(os, architecture, variant.isEmpty() ? null : variant);
    }
}
