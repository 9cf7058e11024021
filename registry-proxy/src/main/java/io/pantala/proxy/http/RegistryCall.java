package io.pantala.proxy.http;

import io.pantala.manifest.Digest;
import io.pantala.manifest.Reference;
import io.pantala.manifest.RepositoryName;

/**
 * What an engine asks a registry for: one of the endpoints for reading (distribution-spec, Endpoints), all parts
 * validated, by a GET or a HEAD; which one, the {@link Exchange} knows. Or, through a proxy, anything else.
 */
public sealed interface RegistryCall extends Call {
    /** Which upstream is meant, and what goes with the path. */
    Route route();

    /** The path that the upstream is asked for. */
    String path();

    /** The request target that the upstream is asked for: path and query. */
    default String target() {
        return route().query().isEmpty() ? path() : path() + "?" + route().query();
    }

    /** The version check, by which some engines learn how to authenticate. */
    record Ping(Route route) implements RegistryCall {
        @Override
        public String path() {
            return "/v2/";
        }
    }

    /** A manifest, by tag or digest. */
    record Manifest(Route route, RepositoryName repository, Reference reference) implements RegistryCall {
        @Override
        public String path() {
            return "/v2/" + repository + "/manifests/" + reference;
        }
    }

    /** A blob. */
    record Blob(Route route, RepositoryName repository, Digest digest) implements RegistryCall {
        @Override
        public String path() {
            return "/v2/" + repository + "/blobs/" + digest;
        }
    }

    /** The tags of a repository. */
    record Tags(Route route, RepositoryName repository) implements RegistryCall {
        @Override
        public String path() {
            return "/v2/" + repository + "/tags/list";
        }
    }

    /** The repositories of a registry. */
    record Catalog(Route route) implements RegistryCall {
        @Override
        public String path() {
            return "/v2/_catalog";
        }
    }

    /** What refers to a manifest. */
    record Referrers(Route route, RepositoryName repository, Digest digest) implements RegistryCall {
        @Override
        public String path() {
            return "/v2/" + repository + "/referrers/" + digest;
        }
    }

    /**
     * Anything else that an engine sends to a registry through a proxy: pushes, and what only that registry knows. By any
     * method.
     *
     * @param path as received
     */
    record Other(Route route, String path) implements RegistryCall {}
}
