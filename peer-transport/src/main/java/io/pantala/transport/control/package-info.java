/** The link between a host and a seed: messages about blobs, both ways. */
@NullMarked
package io.pantala.transport.control;

import org.jspecify.annotations.NullMarked;
