# An image for a JupyterHub that takes images, and for one laptop. Binder and repo2docker read binder/ and not this file.
#
#   docker build --tag grokking .
#   docker run --rm --publish 127.0.0.1:8888:8888 grokking
FROM python:3.11.14-slim-bookworm

# Hubs mount the home of their users, which hides what an image has there: the book is elsewhere.
RUN useradd --create-home --uid 1000 reader && install --directory --owner=reader /opt/book
WORKDIR /opt/book

# Before the rest, so that an edit of the book installs nothing anew. A hub wants a JupyterHub of its own version.
ARG JUPYTERHUB=5.4.6
COPY requirements.txt ./
COPY binder/requirements.txt binder/postBuild binder/
RUN pip install --no-cache-dir --requirement binder/requirements.txt "jupyterhub==${JUPYTERHUB}"

COPY --chown=reader pyproject.toml README.md LICENSE _config.yml _toc.yml ./
COPY --chown=reader src src
COPY --chown=reader studies studies
COPY --chown=reader results results
COPY --chown=reader tools tools
COPY --chown=reader book book
RUN ./binder/postBuild && python -m tools.student_notebooks && chown --recursive reader _build

# By its number, since a hub may refuse a name, which could be root.
USER 1000
EXPOSE 8888
# What a hub starts in place of this is jupyterhub-singleuser.
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser"]
