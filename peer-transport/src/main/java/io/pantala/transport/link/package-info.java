/** The edges of a node towards other nodes: one listener for all they ask of it, who they are, and what they may do. */
@NullMarked
package io.pantala.transport.link;

import org.jspecify.annotations.NullMarked;
