"""What is asked of Buffer, in GraphQL. Their schema: https://developers.buffer.com."""

_POST = "id status dueAt sentAt text externalLink error { message } assets { source }"

ORGANIZATIONS = "query { account { organizations { id } } }"
CHANNELS = """
query Channels($organization: OrganizationId!) {
  channels(input: {organizationId: $organization}) {
    id name service timezone isDisconnected isLocked organizationId
  }
}"""
CHANNEL = """
query Channel($id: ChannelId!) {
  channel(input: {id: $id}) {
    id name service timezone isDisconnected isLocked organizationId
  }
}"""
POST = f"query Post($id: PostId!) {{ post(input: {{id: $id}}) {{ {_POST} }} }}"
POSTS = f"""
query Posts($input: PostsInput!, $after: String) {{
  posts(input: $input, first: 50, after: $after) {{
    edges {{ node {{ {_POST} }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
# Each mutation asks for `MutationError`, which all errors are, those to come as well.
CREATE = f"""
mutation CreatePost($input: CreatePostInput!) {{
  createPost(input: $input) {{
    __typename
    ... on PostActionSuccess {{ post {{ {_POST} }} }}
    ... on MutationError {{ message }}
  }}
}}"""
EDIT = f"""
mutation EditPost($input: EditPostInput!) {{
  editPost(input: $input) {{
    __typename
    ... on PostActionSuccess {{ post {{ {_POST} }} }}
    ... on MutationError {{ message }}
  }}
}}"""
DELETE = """
mutation DeletePost($id: PostId!) {
  deletePost(input: {id: $id}) {
    __typename
    ... on DeletePostSuccess { id }
    ... on MutationError { message }
  }
}"""
