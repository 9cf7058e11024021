package io.pantala.manifest;

import java.util.Locale;

/**
 * An image as users name it: a registry, a repository and a tag or digest. What they leave out is filled in as engines
 * do: {@code nginx} is {@code docker.io/library/nginx:latest}.
 */
public record ImageReference(UpstreamName upstream, RepositoryName repository, Reference reference) {
    private static final String OFFICIAL = "library/";

    /**
     * Reads {@code [registry/]repository[:tag][@digest]}; of a tag and a digest, the digest counts. An
     * {@link IllegalArgumentException} says what is wrong with it.
     */
    public static ImageReference parse(String text) {
        if (text.contains("://")) {
            throw new IllegalArgumentException(
                    "an image's name has no scheme: write it as for docker pull, such as docker.io/library/nginx:1.27");
        }
        int at = text.indexOf('@');
        String name = at < 0 ? text : text.substring(0, at);
        int colon = name.indexOf(':', name.lastIndexOf('/') + 1);
        Reference tag = new Reference.ByTag(colon < 0 ? "latest" : name.substring(colon + 1));
        Reference reference = at < 0 ? tag : new Reference.ByDigest(Digest.parse(text.substring(at + 1)));
        String path = colon < 0 ? name : name.substring(0, colon);

        int slash = path.indexOf('/');
        if (slash >= 0 && isRegistry(path.substring(0, slash))) {
            return of(UpstreamName.parse(path.substring(0, slash)), path.substring(slash + 1), reference);
        }
        return of(UpstreamName.DOCKER_HUB, path, reference);
    }

    /** The rule of Docker: the first part is a registry if it couldn't be a part of a Docker Hub name. */
    private static boolean isRegistry(String first) {
        return first.contains(".")
                || first.contains(":")
                || first.equals("localhost")
                || !first.equals(first.toLowerCase(Locale.ROOT));
    }

    private static ImageReference of(UpstreamName upstream, String path, Reference reference) {
        boolean official = upstream.equals(UpstreamName.DOCKER_HUB) && path.indexOf('/') < 0;
        return new ImageReference(upstream, new RepositoryName(official ? OFFICIAL + path : path), reference);
    }

    @Override
    public String toString() {
        String separator = switch (reference) {
            case Reference.ByTag tag -> ":";
            case Reference.ByDigest digest -> "@";
        };
        return upstream + "/" + repository + separator + reference;
    }
}
