/** One block between two nodes, over plain HTTP/1.1. */
@NullMarked
package io.pantala.transport.block;

import org.jspecify.annotations.NullMarked;
