package io.pantala.proxy.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;

/**
 * An error the way registries tell it (distribution-spec, Error Codes).
 *
 * @param status the HTTP status, 400 or above
 * @param code such as {@code NAME_INVALID}
 * @param message for the user of the engine, one sentence
 */
public record RegistryError(int status, String code, String message) {
    /** The media type of {@link #body}; engines parse the body only then. */
    public static final String MEDIA_TYPE = "application/json";

    /** An upstream, or a part of this proxy, that can't be reached or used. */
    public static RegistryError unavailable(int status, String message) {
        return new RegistryError(status, "UNAVAILABLE", message);
    }

    /** What stands for a registry's refusal that is not in the words of registries, such as a page. */
    public static RegistryError refused(int status, RegistryCall call) {
        return switch (call) {
            case RegistryCall.Blob _ -> refusedBlob(status);
            default ->
                switch (status) {
                    case 401, 429 -> refusedBlob(status);
                    case 403 -> new RegistryError(status, "DENIED", "the registry denies access");
                    case 404 ->
                        call instanceof RegistryCall.Manifest
                                ? new RegistryError(
                                        status, "MANIFEST_UNKNOWN", "the registry doesn't know this manifest")
                                : new RegistryError(status, "NAME_UNKNOWN", "the registry doesn't know this name");
                    default -> unavailable(status, "the registry answered " + status);
                };
        };
    }

    /** What stands for a registry's refusal whose own words are not known, such as the answer to a HEAD. */
    public static RegistryError refusedBlob(int status) {
        return switch (status) {
            case 401 -> new RegistryError(status, "UNAUTHORIZED", "the registry asks for authentication");
            case 403 -> new RegistryError(status, "DENIED", "the registry denies access to this blob");
            case 404 -> new RegistryError(status, "BLOB_UNKNOWN", "the registry doesn't know this blob");
            case 429 -> new RegistryError(status, "TOOMANYREQUESTS", "the registry limits the rate of requests");
            default -> unavailable(status, "the registry answered " + status);
        };
    }

    /** The JSON that tells it. */
    public byte[] body() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.putArray("errors")
                .addObject()
                .put("code", code)
                .put("message", message)
                .putNull("detail");
        return root.toString().getBytes(StandardCharsets.UTF_8);
    }
}
